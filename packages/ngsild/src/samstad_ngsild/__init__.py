"""The NGSI-LD model without I/O (ETSI GS CIM 009 v1.9.1)."""
