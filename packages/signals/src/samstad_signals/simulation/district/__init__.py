"""A district of our own in SUMO: twenty signalled junctions and bus lines, under adaptive control over RSMP.

Its files were made by ``scripts/sumo_networks.py``; running it needs libsumo alone.
"""
