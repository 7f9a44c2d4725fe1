from django.contrib import admin
from django.urls import path

from chat import views

urlpatterns = [
    path('admin/', admin.site.urls),
    path('announce/', views.announce),
    path('later/', views.later),
    path('slide/', views.slide),
    path('<slug:label>/', views.room),
]
