"""What every app's part of the interface is made of."""

from accounts.api.operations import asked_of, operation
from accounts.middleware.policy import Caller
from accounts.services.api_calls import Answer

__all__ = ["Answer", "Caller", "asked_of", "operation"]
