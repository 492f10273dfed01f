"""The description of the API for people: one page made of the OpenAPI and AsyncAPI documents, all of it there without its script.

`page` writes it; `FILES` are its style and its script (a filter, and buttons that copy), so that the policy allows nothing else.
"""

from web.reference.page import FILES, POLICY, page

__all__ = ["FILES", "POLICY", "page"]
