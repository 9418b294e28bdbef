"""A small AWS in memory, for what an emulator cannot do: things that take time, fail, hang, lie and are cut short."""
