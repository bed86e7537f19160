"""What adapters share that work on a disk: safe system calls, durable writes, watching."""
