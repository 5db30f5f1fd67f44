"""Where the issuer's public keys come from."""
