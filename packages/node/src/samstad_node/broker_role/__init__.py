"""The role ``broker``: the NGSI-LD context broker of the node, wired from its parts."""
