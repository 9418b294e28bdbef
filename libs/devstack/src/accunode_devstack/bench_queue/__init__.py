"""Two ways to hand chunks to workers, measured: outbox, relay, Celery and lease; or rows `for update skip locked`.

Both run on servers of their own, with the product's publisher and Celery's options as the product sets them.
"""
