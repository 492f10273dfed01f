"""The client that FLOPY-NET's documentation shows, for a server of this house: `from flopy_net_client import DashboardClient`."""

from oracle.shims.flopy_net_client import DashboardClient, RemoteFailed, Update

__all__ = ["DashboardClient", "RemoteFailed", "Update"]
