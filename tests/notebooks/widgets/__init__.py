"""The widgets, without a browser: their logic, and real kernels that use them."""
