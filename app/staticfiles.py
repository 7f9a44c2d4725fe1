"""Static files in development, under the import path of 1.x."""

from towpath.consumers.http.static import StaticFilesConsumer, StaticFilesHandler

__all__ = ["StaticFilesConsumer", "StaticFilesHandler"]
