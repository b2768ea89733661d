"""A small REST service over HTTPS: it keeps patient records in memory.

GET  /                         what this service is
GET  /patient/ID               a record, or 404
POST /patient/ID  {...}        stores a record
POST /echo                     gives the body back
"""
import os
import signal
import sys
import threading

from flask import Flask, Response, abort, jsonify, request
from werkzeug.serving import WSGIRequestHandler

app = Flask(__name__)
patients = {}
patients_lock = threading.Lock()

# Only a service that was attested has this text: it is nowhere in the converted image.
CANARY = "the code of this service is confidential: 5f0d3a61c2e94b7788"


@app.get("/")
def about():
    return jsonify(service="flask", greeting=os.environ.get("GREETING", ""), pwd=os.getcwd())


@app.get("/patient/<patient_id>")
def get_patient(patient_id):
    with patients_lock:
        record = patients.get(patient_id)
    if record is None:
        abort(404)
    return jsonify(record)


@app.post("/patient/<patient_id>")
def put_patient(patient_id):
    record = request.get_json(force=True)
    with patients_lock:
        patients[patient_id] = record
    return jsonify(id=patient_id, stored=True), 201


@app.post("/echo")
def echo():
    return Response(request.get_data(), mimetype="application/octet-stream")


def stop(_signal, _frame):
    sys.exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    WSGIRequestHandler.protocol_version = "HTTP/1.1"  # connections are kept open
    app.run(
        host=os.environ.get("API_HOST", "0.0.0.0"),
        port=int(os.environ.get("API_PORT", "4996")),
        ssl_context=("/tls/flask.crt", "/tls/flask.key"),
        threaded=True,
    )
