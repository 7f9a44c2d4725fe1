"""System checks of a project's Towpath settings and routes, before anything starts.

| id           | says                                                            | in          |
|--------------|-----------------------------------------------------------------|-------------|
| towpath.E001 | a setting has the wrong shape                                   | `settings`  |
| towpath.E002 | the class of a channel layer cannot be imported, or is not one  | `layers`    |
| towpath.E003 | the routing of a channel layer cannot be imported, or is wrong  | `settings`  |
| towpath.E004 | the engine of channel sessions cannot serve                     | `sessions`  |
| towpath.E005 | an option of a channel layer is unknown or wrong                | `layers`    |
| towpath.W001 | another application's `runserver` wins over ours                | `settings`  |
| towpath.W002 | a memory layer while DEBUG is off                               | `settings`  |
| towpath.W003 | there are channel layers, but none is called "default"          | `settings`  |
| towpath.W004 | a route that never gets a message: an earlier one takes them    | `routes`    |
| towpath.W005 | a filter on a key that such a message never has                 | `routes`    |
| towpath.W006 | channel sessions in a cache that no other process reads         | `sessions`  |
| towpath.W007 | WebSockets that pages of any site may open                      | `origins`   |
| towpath.W008 | any host is the site's own (`check --deploy`)                   | `origins`   |
| towpath.W009 | a schedule that sends to a channel that no route takes          | `schedules` |
| towpath.W010 | bulk operations on a bound model that bindings do not see       | `bindings`  |
| towpath.W011 | a regular expression that matches no path                       | `paths`     |
| towpath.W012 | a channel that looks like one of interface servers and is not   | `paths`     |
| towpath.W013 | a consumer that does not take the arguments of its route        | `arguments` |
| towpath.W014 | there are no channel layers                                     | `settings`  |
| towpath.W015 | a route of frames whose WebSocket is refused                    | `connects`  |

Those of `stores` ask the Redis of each layer, and run with `check --deploy`:

| towpath.W016 | Redis does not answer, or refuses the connection                | `stores`    |
| towpath.W017 | a Redis that is too old, or another server                      | `stores`    |
| towpath.W018 | a node of a Redis Cluster, or a replica                         | `stores`    |
| towpath.W019 | a `maxmemory-policy` that drops messages                        | `stores`    |
| towpath.W020 | no `maxmemory`                                                  | `stores`    |
| towpath.W021 | what a restart of Redis loses (an information, not a warning)   | `stores`    |
| towpath.W022 | a slow way to Redis                                             | `stores`    |
| towpath.W023 | clocks that differ                                              | `stores`    |
| towpath.W024 | no password over the network                                    | `stores`    |
| towpath.W025 | no encryption to another machine                                | `stores`    |
| towpath.W026 | commands or keys that the ACL of Redis refuses                  | `stores`    |
"""
