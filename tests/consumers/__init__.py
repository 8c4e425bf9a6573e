"""Other people's libraries on plugrad's tensors: what they compute, and whether derivatives go through."""
