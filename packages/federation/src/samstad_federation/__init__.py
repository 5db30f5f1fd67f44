"""Nodes that act as one city: operations distributed over registered context sources (clause 4.3.6)."""
