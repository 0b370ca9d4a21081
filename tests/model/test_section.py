from chatbot.model.codes import Code
from chatbot.model.section import Section
from chatbot.model.toml_lines import locate

LINES = locate("[defaults]\nproxy = 1\n[defaults.plugin.faq]\nx = 1\n[bots.a]\nserver = 1\n")
BOT = Section("b.toml", ("bots", "a"), LINES)


def found(where: Section, *key: str | int) -> tuple[str, int | None]:
    finding = where.finding(Code.WRONG_VALUE, "is odd", *key)
    return finding.message, finding.line


def test_a_finding_names_its_table_and_line() -> None:
    assert found(BOT, "server") == ("[bots.a] is odd", 6)
    assert found(BOT) == ("[bots.a] is odd", 5)
    assert found(BOT.below("guards"), "repeats") == ("[bots.a.guards] is odd", 5)


def test_what_stands_in_the_defaults_is_told_of_there() -> None:
    assert found(BOT, "proxy") == ("[defaults] is odd", 2)
    assert found(BOT.below("plugin", "faq"), "x") == ("[defaults.plugin.faq] is odd", 4)


def test_the_whole_file_has_no_name() -> None:
    assert found(Section("b.toml", (), LINES), "bots", "a") == ("is odd", 5)
    assert found(Section(), "bots") == ("is odd", None)


def test_tables_are_called_as_they_stand_in_the_file() -> None:
    assert found(Section().below("demo", 1, "lines", 0)) == ("[[demo.lines]] is odd", None)
    assert found(Section().below("bots", 'the "day" bot')) == (r'[bots."the \"day\" bot"] is odd', None)
