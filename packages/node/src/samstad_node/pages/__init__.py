"""What a node shows beside its APIs: start page, live stream, models, help pages, the API's description."""

from samstad_node.pages.app import create_pages
from samstad_node.pages.breaches import NotedBreach
from samstad_node.pages.doors import doors_of
from samstad_node.pages.live import LiveRows
from samstad_node.pages.openapi import build_openapi
from samstad_node.pages.readers import reader_of

__all__ = ["LiveRows", "NotedBreach", "build_openapi", "create_pages", "doors_of", "reader_of"]
