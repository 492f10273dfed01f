"""What each `oracle` command does; `web.verbs` declares how they are called."""
