import json

from django.db import models
from channels import Group


class ChatMessage(models.Model):
    room = models.CharField(max_length=50)
    message = models.TextField()
    author = models.CharField(max_length=150)
    timestamp = models.DateTimeField(auto_now_add=True)

    def save(self, *args, **kwargs):
        result = super(ChatMessage, self).save(*args, **kwargs)
        Group("chat-%s" % self.room).send({
            "text": json.dumps({"id": self.pk, "author": self.author, "message": self.message}),
        })
        return result


class IntegerValue(models.Model):
    name = models.CharField(max_length=100, unique=True)
    value = models.IntegerField(default=0)
