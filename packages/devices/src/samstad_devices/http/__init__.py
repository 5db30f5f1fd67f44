"""The HTTP interface of the role: ways in for devices and networks, and what people do with devices."""
