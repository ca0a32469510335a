"""The process that holds Core ML: its protocol, its client in the pytest process, and its server."""
