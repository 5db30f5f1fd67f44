"""The query languages of NGSI-LD: parsers, evaluators and what an index can use of them (no I/O).

| language                | parse                                    | run                      | clause |
|-------------------------|------------------------------------------|--------------------------|--------|
| query (q)               | parse_q                                  | compile_q, q_terms       | 4.9    |
| context source filter   | parse_q                                  | compile_csf              | 4.9    |
| geoquery                | parse_geo_query                          | compile_geo              | 4.10   |
| type selection          | parse_type_selection                     | compile_type_selection   | 4.17   |
| scope query             | parse_scope_query                        | compile_scope_query      | 4.19   |
| projection              | parse_projection                         | -                        | 4.21   |
| order                   | parse_order                              | order_key                | 4.23   |
| a whole query           | parse_query_params, parse_query_body     | compile_query            | 5.7.2  |
"""

from samstad_ngsild.query.csf import compile_csf
from samstad_ngsild.query.evaluate import CompiledQuery, compile_query, compile_selectors
from samstad_ngsild.query.expression import NameExpander, QExpression
from samstad_ngsild.query.geo import CompiledGeo, GeoQuery, compile_geo, parse_geo_query
from samstad_ngsild.query.order import Order, order_key, parse_order
from samstad_ngsild.query.parameters import parse_query_body, parse_query_params
from samstad_ngsild.query.projection import Projection, parse_names, parse_projection
from samstad_ngsild.query.q_compile import Linked, compile_q
from samstad_ngsild.query.q_parser import parse_q
from samstad_ngsild.query.q_terms import SYSTEM_ATTRIBUTES, Term, attribute_names, link_depth, q_terms
from samstad_ngsild.query.q_text import to_text
from samstad_ngsild.query.regular import SafePattern, compile_pattern
from samstad_ngsild.query.request import EntitySelector, Query
from samstad_ngsild.query.scope import ScopeQuery, compile_scope_query, parse_scope_query
from samstad_ngsild.query.types import (
    TypeSelection,
    alternatives,
    compile_type_selection,
    parse_type_selection,
)

__all__ = [
    "SYSTEM_ATTRIBUTES",
    "CompiledGeo",
    "CompiledQuery",
    "EntitySelector",
    "GeoQuery",
    "Linked",
    "NameExpander",
    "Order",
    "Projection",
    "QExpression",
    "Query",
    "SafePattern",
    "ScopeQuery",
    "Term",
    "TypeSelection",
    "alternatives",
    "attribute_names",
    "compile_csf",
    "compile_geo",
    "compile_pattern",
    "compile_q",
    "compile_query",
    "compile_scope_query",
    "compile_selectors",
    "compile_type_selection",
    "link_depth",
    "order_key",
    "parse_geo_query",
    "parse_names",
    "parse_order",
    "parse_projection",
    "parse_q",
    "parse_query_body",
    "parse_query_params",
    "parse_scope_query",
    "parse_type_selection",
    "q_terms",
    "to_text",
]
