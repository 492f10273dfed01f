"""How each command of `oracle` is called: its words and flags. What it does is in `web.commands`, imported when it is done."""
