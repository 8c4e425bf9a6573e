"""Everything that once broke the prototype of the engine, mostly silently, as tests of the product."""
