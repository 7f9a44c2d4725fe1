"""Settings in the README's style, read by mypy's plugin for Django too."""

SECRET_KEY = "for type checkers"
INSTALLED_APPS = ["towpath", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "board"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "towpath.layers.redis.RedisChannelLayer",
        "CONFIG": {"hosts": ["redis://127.0.0.1:6379/0"]},
        "ROUTING": "board.routing.channel_routing",
    },
}
