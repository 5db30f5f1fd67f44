"""The operators' console: what the node holds, live on a map, in lists and in detail.

The server part keeps a read model of everything that has a place, so that 200 000 objects never travel as
one list; all else the web part asks of the public API, as any script could.
"""
