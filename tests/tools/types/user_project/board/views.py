"""A view that leaves its answer to a consumer."""

from django.http import HttpResponse, JsonResponse

from towpath import Channel, Message
from towpath.handler import AsgiHandler, AsgiRequest


def report(request: AsgiRequest) -> HttpResponse:
    Channel("report.make").send({"reply_channel": request.reply_channel.name, "pages": 3})
    raise request.ResponseLater


def make(message: Message) -> None:
    for content in AsgiHandler.encode_response(JsonResponse({"pages": message["pages"]})):
        message.reply_channel.send(content)
