from django.http import HttpResponse
from django.shortcuts import render

from channels import Channel, Group

from .models import IntegerValue


def room(request, label):
    return render(request, "chat/room.html", {"label": label})


def announce(request):
    Group("chat-%s" % request.GET["room"]).send({"text": '{"announced": true}'})
    return HttpResponse("announced")


def later(request):
    Channel("asgi.delay").send({
        "channel": "reminders",
        "content": {"kind": "room", "room": request.GET["room"]},
        "delay": 100,
    })
    return HttpResponse("later")


def slide(request):
    IntegerValue.objects.update_or_create(name=request.GET["name"], defaults={"value": request.GET["value"]})
    return HttpResponse("slid")
