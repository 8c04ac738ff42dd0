"""Tools for maintainers of the contract: what changed (`breaking`), what the vendor changed (`upstream`), and what
servers really send (`doctor`).

They read `openapi.yaml` as data. None of them is a part of the wheel.
"""
