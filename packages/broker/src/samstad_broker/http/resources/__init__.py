"""The resources of the API (CIM 009 clause 6): one file each, every one giving its routes."""
