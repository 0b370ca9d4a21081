"""A stand-in for Genesys Web Services that speaks the real wire protocol.

Pure parts: `world` (facade) and what it is made of. ASGI parts: `app` and the `*_api` modules. It shares no
code with the client side of this project, so that the protocol is read twice, independently.
"""
