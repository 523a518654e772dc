"""Records to pages: pure functions from values to files by their path in the site.

``outline`` reads what sources say of themselves, ``environment`` the templates, ``check`` tells whether prose fits before
anything is measured; ``chapter``, ``front``, ``ledger``, ``made`` and ``source`` make pages, each with a function ``files``.
"""
