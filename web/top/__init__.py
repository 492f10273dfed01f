"""`oracle top`: what is known of a running server (`seen`), what the person at the keyboard chose (`choice`), and what both look
like in a terminal of some size (`panes`, `screen`)."""
