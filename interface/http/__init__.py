"""HTTP/1.0, 1.1 and 2: bytes on the wire to `http.request` messages, and their replies to responses."""
