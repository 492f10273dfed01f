"""What programs say to a server of this house, by name: one room for each part of it (`experiments`, `tasks`, ...), written
once on trio, and entered on trio, on asyncio or with no loop at all (`oracle.client`)."""
