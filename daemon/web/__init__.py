"""
The HTTP side: parse a request, submit a command or read a view, answer. Nothing else happens here.
"""
