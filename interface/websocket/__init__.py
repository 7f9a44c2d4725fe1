"""WebSockets: handshakes held for the application, frames to `websocket.*` messages, replies to frames."""
