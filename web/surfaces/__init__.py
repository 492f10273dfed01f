"""Surfaces: each module shows the one system in one family's words; its routes are its `ROUTES`."""
