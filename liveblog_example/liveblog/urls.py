"""Plain Django pages. Live consumers, and late answers, are in routing.py."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from blogs import views

urlpatterns = [
    path("", views.index, name="index"),
    path("liveblog/<slug:slug>/", views.blog, name="blog"),
    path("liveblog/<slug:slug>/act/", views.act, name="act"),
    path("liveblog/<slug:slug>/posts/<int:pk>/", views.edit, name="edit"),
    path("login/", LoginView.as_view(extra_context={"show_sample_accounts": settings.DEBUG}), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
]
