"""Strategies over stored bars: the deciders, the venue, the books and the gate they have live, on the data's clock."""
