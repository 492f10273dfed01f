"""What keeps trading within bounds: pure rules over a view of the desk, joined by the gate."""
