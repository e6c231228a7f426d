"""The sql family's doors: `app` for an HTTP server, built when asked for, and `handler` for Lambda."""

from tiercel.adapters.aws_lambda import lambda_handler
from tiercel.adapters.servers import lazy_app
from tiercel_sql import FAMILY

handler = lambda_handler(FAMILY, long_running=True)
__getattr__ = lazy_app(FAMILY, long_running=True)
