"""Where administrators decide: the queue of suggestions and the tiers. Services make every change."""

from selection.admin import lists, queue, records

__all__ = ["lists", "queue", "records"]
