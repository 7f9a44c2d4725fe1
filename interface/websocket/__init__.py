"""WebSockets: handshakes that wait for the application, frames to `websocket.*` messages, replies to frames."""
