"""People whom an identity provider vouches for: OpenID Connect Core 1.0, JWTs as RFC 8725 would have them read.

settings  which issuer, and what its claims allow
jwts      whether a text is a JWT of that issuer, and what it says
keys      the issuer's public keys (RFC 7517), as it publishes them
claims    what somebody may do here, by what the JWT says
fetching  the issuer's documents, over HTTP
issuer    all of it together: from a text to what its bearer may do
"""
