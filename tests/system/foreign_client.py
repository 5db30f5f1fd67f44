"""What a program written with ngsildclient does; run by test_interop in the environment that has it."""

from __future__ import annotations

import json
import sys

from ngsildclient import Client, Entity
from requests.auth import AuthBase


class Key(AuthBase):
    """Sends the key that the node gave."""

    def __call__(self, request):
        request.headers["X-API-Key"] = sys.argv[2]
        return request


client = Client(hostname="127.0.0.1", port=int(sys.argv[1]), custom_auth=Key(), verbose=False)
bin_ = Entity("Bin", "Bin:1")
bin_.prop("fillingLevel", 0.4)
bin_.gprop("location", (59.61, 16.54))
seen = {"created": bool(client.create(bin_)), "read": client.get(bin_.id)["fillingLevel"]["value"]}
bin_.prop("fillingLevel", 0.9)
client.upsert(bin_)
seen["fuller"] = [entity.id for entity in client.query(type="Bin", q="fillingLevel>0.5")]
seen["fullest"] = [entity.id for entity in client.query(type="Bin", q="fillingLevel>0.95")]
client.delete([bin_])
seen["left"] = client.exists(bin_.id)
sys.stdout.write(json.dumps(seen))
