"""A server of LwM2M 1.1: clients register, are observed, read, written and run."""

from __future__ import annotations

from samstad_devices.gateway.lwm2m.clients import Client, Clients
from samstad_devices.gateway.lwm2m.directory_resource import DirectoryResource, RegistrationResource
from samstad_devices.gateway.lwm2m.operations import Operations
from samstad_devices.gateway.lwm2m.route import Lwm2mRoute

__all__ = ["Client", "Clients", "DirectoryResource", "Lwm2mRoute", "Operations", "RegistrationResource"]
