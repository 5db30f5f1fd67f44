"""The node's own way in for MQTT 3.1.1 and 5: devices publish to it, and are told commands by it.

``cursor``, ``properties``, ``packets``, ``reading``, ``writing`` and ``session`` know bytes alone;
``connection`` and ``endpoint`` have sockets. It is no broker: nobody is told what another one publishes.
"""
