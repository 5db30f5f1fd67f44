"""Write sbom.json: a CycloneDX 1.6 bill of what the packages need at run time.

Usage: make sbom. Names, versions and hashes come from requirements/all.txt, licences from the installed
metadata, and the edges from each distribution's own requirements.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)")


def pinned_hashes() -> dict[tuple[str, str], list[str]]:
    """Read requirements/all.txt as {(name, version): [sha256, ...]}."""
    found: dict[tuple[str, str], list[str]] = {}
    current: list[str] = []
    for line in (ROOT / "requirements" / "all.txt").read_text(encoding="utf-8").splitlines():
        if match := PIN.match(line):
            current = found.setdefault((canonicalize_name(match["name"]), match["version"]), [])
        elif "--hash=sha256:" in line:
            current.append(line.split("sha256:", 1)[1].split()[0])
    return found


def run_time_closure() -> dict[str, set[str]]:
    """Return {distribution: its direct run-time dependencies} reachable from our packages."""
    edges: dict[str, set[str]] = {}
    waiting = [
        tomllib.loads(path.read_text(encoding="utf-8"))["project"]["name"]
        for path in sorted(ROOT.glob("packages/*/pyproject.toml"))
    ]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in edges:
            continue
        requirements = [Requirement(text) for text in importlib.metadata.requires(name) or []]
        needed: set[str] = {
            canonicalize_name(requirement.name)
            for requirement in requirements
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        }
        edges[name] = needed
        waiting += needed
    return edges


def component(name: str, hashes: dict[tuple[str, str], list[str]]) -> dict[str, Any]:
    """Describe one distribution."""
    distribution = importlib.metadata.distribution(name)
    metadata = distribution.metadata
    licence = next((metadata[key] for key in ("License-Expression", "License") if key in metadata), "")
    described: dict[str, Any] = {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name}@{distribution.version}",
        "name": name,
        "version": distribution.version,
        "purl": f"pkg:pypi/{name}@{distribution.version}",
    }
    if licence and "\n" not in licence:
        described["licenses"] = [{"license": {"name": licence}}]
    digests = hashes.get((name, distribution.version), [])
    if digests:
        described["externalReferences"] = [
            {
                "type": "distribution",
                "url": described["purl"],
                "hashes": [{"alg": "SHA-256", "content": digest} for digest in digests],
            }
        ]
    return described


def bill() -> dict[str, Any]:
    """Build the document; the same pins give the same bytes."""
    hashes = pinned_hashes()
    edges = run_time_closure()
    components = {name: component(name, hashes) for name in sorted(edges)}
    references = {name: described["bom-ref"] for name, described in components.items()}
    digest = hashlib.sha256(json.dumps(references).encode()).hexdigest()
    uuid = "-".join((digest[:8], digest[8:12], f"5{digest[13:16]}", f"8{digest[17:20]}", digest[20:32]))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid}",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "samstad", "bom-ref": "samstad"}},
        "components": list(components.values()),
        "dependencies": [
            {"ref": references[name], "dependsOn": sorted(references[other] for other in needed)}
            for name, needed in sorted(edges.items())
        ],
    }


def main() -> int:
    """Write the file and say what it holds."""
    document = bill()
    target = ROOT / "sbom.json"
    target.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"{target.name}: {len(document['components'])} components")
    return 0


if __name__ == "__main__":
    sys.exit(main())
