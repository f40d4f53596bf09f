"""What holds for all tests."""

from hypothesis import settings

# A busy machine is no fault of the code: how fast something is, benchmarks say.
settings.register_profile("followthrough", deadline=None)
settings.load_profile("followthrough")
