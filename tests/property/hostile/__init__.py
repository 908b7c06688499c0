"""Programs that use the C ABI as badly as they can, and a model that knows what each call must answer."""
