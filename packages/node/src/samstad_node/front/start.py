"""The start page: what is in the node, and what changes right now."""

from __future__ import annotations

from samstad_node.pages.layout import page

__all__ = ["start_page"]

_BODY = """
<h1>What is going on</h1>
<form id="login">
  <label for="key">API key</label>
  <input id="key" name="key" type="password" autocomplete="off" spellcheck="false">
  <button>Show</button>
</form>
<p id="state" role="status" aria-live="polite">Give the key that the node printed when it started.</p>
<section aria-labelledby="types-title">
  <h2 id="types-title">Entity types</h2>
  <table><thead><tr><th scope="col">Type</th><th scope="col">Entities</th></tr></thead>
  <tbody id="types"></tbody></table>
</section>
<section aria-labelledby="live-title">
  <h2 id="live-title">Latest changes</h2>
  <table><thead><tr><th scope="col">Time</th><th scope="col">Entity</th><th scope="col">Type</th>
  <th scope="col">New values</th></tr></thead>
  <tbody id="live"></tbody></table>
</section>
"""


def start_page() -> bytes:
    """Return the page; its script asks for the key and follows ``/live``."""
    return page("Live", _BODY, script="/static/live.js")
