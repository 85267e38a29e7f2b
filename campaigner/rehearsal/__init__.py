"""A campaign's whole life in seconds: the same rounds and services, on a clock that jumps.

Played on a scratch copy of the workspace with a database of its own, whose
accounts all lead to one sandbox. Whoever calls starts that sandbox, on the
same clock, and says where it is: nothing here knows it but by its addresses.

What it does not show: limits and slots of an account that other campaigns use
up too, and news that come to the processes in the meantime.
"""
