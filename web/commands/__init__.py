"""What each `oracle` command does; `web.cli` declares their flags and maps their failures to exit codes."""
