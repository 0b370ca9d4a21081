"""Bad inputs: table 4.3 of the reliability notes, row by row, over a raw socket server.

Each test names its row. ``raw.py`` is the server, ``stage.py`` the bot before it. Whatever the row,
the process stays up, another chat goes on, nothing secret is logged (``conftest.py``), and when the
server is well again so is the bot.

==========  ============================================================================
rows        where
==========  ============================================================================
1 to 9      ``test_bodies.py``
10 to 15    ``test_payloads.py``
16          ``test_sessions.py``
17, 18      ``test_connections.py``
19 to 23    ``test_sessions.py``, with half-open connections; over many chats ``test_storms.py``
24          ``test_payloads.py``
25 to 27    ``test_connections.py``; nothing here reads lists of revoked certificates
28, 29, 30  ``test_payloads.py``, as far as the product has the subject
31 to 34    ``test_bots.py``, as far as the product has the subject
36, 37      with the journal
38          ``test_connections.py``
39          ``test_bots.py``
==========  ============================================================================

Of these rows the product does not have the subject yet: the list of operations that a plugin may use
(28, and a million operations in 34), the fetching helper for pushed addresses and the list of those
that may be pushed (29), escaping in console and exports (30), secret files that the world can read or
that are links (33), the watchdog for a hook that blocks the event loop while nobody stops the process and
the detaching of a hook that will not end (34), the console (35).
"""
