"""Names that are used by others than our own code: pydantic, pluggy and plugin authors call them."""

cls  # noqa: B018, F821 (validators take it)
a  # noqa: B018, F821 (positional-only arguments of a port)
b  # noqa: B018, F821
tryfirst  # noqa: B018, F821 (authors name them)
trylast  # noqa: B018, F821
specname  # noqa: B018, F821
